// What is asked of every server. Letters are the project's own; sizes are bytes, times seconds.

/**
 * @typedef {object} Scenario
 * @property {string} name what --only takes
 * @property {string} title for people
 * @property {string[]} load options of the load generator
 * @property {number} [share] open loop, at this share of what C answers a second in the closed loop of `like`
 * @property {string} [like] the closed scenario that `share` is of
 * @property {boolean} [traced] its system calls are counted; where connecting is most of them it says nothing
 * @property {number} [warmup] seconds, where the common ones are too few: a connection runs a hundred times the code of a message
 * @property {string[]} [before] another load before it, so that memory counts from a server that has worked: the heap of one that has not
 * grows by ten MB with whoever comes first
 * @property {boolean} [quick] in the short run
 * @property {'two'} [servers] servers of two threads or processes, instead of one
 */

const busy = (connections, ...more) => ['--connections', String(connections), ...more]

/** @type {Scenario[]} */
export const scenarios = [
  { name: 'a', title: '1 connection x 64 B', load: busy(1), traced: true },
  { name: 'b', title: '50 x 64 B', load: busy(50), traced: true, quick: true },
  { name: 'c', title: '500 x 64 B', load: busy(500), traced: true, quick: true },
  { name: 'd', title: '50 x 64 B, 16 in flight', load: busy(50, '--depth', '16'), traced: true },
  { name: 'e', title: '50 x 16 KiB', load: busy(50, '--size', '16384'), traced: true, quick: true },
  {
    name: 'f',
    title: 'connect, one message, close, 50 at a time',
    load: busy(50, '--mode', 'connect'),
    warmup: 3,
    traced: true,
    quick: true,
  },
  { name: 'g', title: '5 000 x 64 B', load: busy(5000) },
  { name: 'b70', title: '50 x 64 B at 70 % of what C can', load: busy(50), share: 0.7, like: 'b', quick: true },
  { name: 'c70', title: '500 x 64 B at 70 % of what C can', load: busy(500), share: 0.7, like: 'c' },
  { name: 'g70', title: '5 000 x 64 B at 70 % of what C can', load: busy(5000), share: 0.7, like: 'g' },
  {
    name: 'h',
    title: '10 000 idle connections and 50 x 64 B at 70 % of what C can',
    load: busy(50, '--idle', '10000'),
    before: busy(50),
    share: 0.7,
    like: 'b',
  },
  { name: 'i', title: '50 x 64 B, two threads or processes', load: busy(50), servers: 'two' },
]

/** The rates of the latency curve, as shares of what C answers a second in (b). */
export const curve = [0.1, 0.3, 0.5, 0.7, 0.8, 0.9].map((share) => ({
  name: `curve${Math.round(share * 100)}`,
  title: `50 x 64 B at ${Math.round(share * 100)} % of what C can`,
  load: busy(50),
  share,
  like: 'b',
}))
