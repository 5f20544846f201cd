//! What sockets have to do through a domain's ring, whatever the poller below: this runs over epoll where there is epoll,
//! over kqueue where there is kqueue.
#![cfg(all(not(loom), not(miri)))]

mod host;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use host::{Host, encoded, encoded_address, world};
use miou_core::domain::{CLOSED, code};
use miou_core::listeners::Sharing;
use miou_core::poller::Key;
use miou_core::ring::{Completion, PIECE};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

impl Host {
    fn read(&mut self, key: Key, most: i32) -> i32 {
        self.submit(code::READ, key, &[most])
    }

    /// A read that waits: there is nothing yet.
    fn read_later(&mut self, key: Key) -> i32 {
        let token = self.read(key, 100);
        self.turn();
        assert!(self.completed(token).is_none());
        token
    }

    fn write(&mut self, key: Key, bytes: &[u8]) -> i32 {
        let offset = self.lay(bytes);
        self.submit(code::WRITE, key, &[offset, bytes.len() as i32])
    }

    fn connect(&mut self, key: Key, to: &[u8]) -> i32 {
        let offset = self.lay(to);
        self.submit(code::CONNECT, key, &[offset, to.len() as i32])
    }

    fn accept(&mut self, key: Key) -> i32 {
        self.submit(code::ACCEPT, key, &[])
    }

    /// The connection that an accept made, and its peer.
    fn accepted(&mut self, completion: Completion) -> (Key, Vec<u8>) {
        assert!(completion.result >= 0, "accept: {}", completion.result);
        let key = Key::of(completion.result as u32, completion.a as u32);
        (key, self.take(completion.b >> 8, completion.b & 255))
    }

    /// What a read gave.
    fn received(&mut self, completion: Completion) -> Vec<u8> {
        assert!(completion.result >= 0, "read: {}", completion.result);
        self.take(completion.a, completion.result)
    }

    fn read_all(&mut self, key: Key) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let token = self.read(key, PIECE as i32);
            let completion = self.wait(token);
            let part = self.received(completion);
            if part.is_empty() {
                return all;
            }
            all.extend_from_slice(&part);
        }
    }

    /// A connection of this domain's to itself.
    fn connection(&mut self) -> (Key, Key) {
        let (listener, address) = self.listener(AddressFamily::INET);
        let client = self.domain.socket(AddressFamily::INET, false).unwrap();
        let connecting = self.connect(client, &address);
        assert_eq!(self.wait(connecting).result, 0);
        let accepting = self.accept(listener);
        let completion = self.wait(accepting);
        let (server, _) = self.accepted(completion);
        self.domain.close(listener).unwrap();
        (client, server)
    }

    /// A connection to the standard library.
    fn stranger(&mut self) -> (Key, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = self.domain.socket(AddressFamily::INET, false).unwrap();
        let connecting = self.connect(client, &encoded_address(listener.local_addr().unwrap()));
        assert_eq!(self.wait(connecting).result, 0);
        (client, listener.accept().unwrap().0)
    }
}

fn host() -> Host {
    Host::new(&world())
}

const fn negated(errno: Errno) -> i32 {
    -errno.raw_os_error()
}

#[test]
fn a_connection_is_made_both_ends_know_each_other_and_bytes_pass() {
    for family in [AddressFamily::INET, AddressFamily::INET6] {
        let mut host = host();
        let (listener, address) = host.listener(family);
        let accepting = host.accept(listener);
        let client = host.domain.socket(family, false).unwrap();
        let connecting = host.connect(client, &address);
        assert_eq!(host.wait(connecting).result, 0);
        let completion = host.wait(accepting);
        let (server, peer) = host.accepted(completion);
        assert_eq!(peer, host.domain.name(client, false).unwrap());
        assert_eq!(host.domain.name(client, true).unwrap(), address);
        let reading = host.read(server, 100);
        host.turn();
        assert!(host.completed(reading).is_none(), "nothing is there yet");
        let writing = host.write(client, b"over the ring");
        assert_eq!(host.wait(writing).result, 13);
        let completion = host.wait(reading);
        assert_eq!(host.received(completion), b"over the ring");
        for key in [listener, client, server] {
            host.domain.close(key).unwrap();
        }
        assert_eq!(host.domain.descriptors(), 0);
    }
}

#[test]
fn what_waits_on_a_descriptor_is_served_in_its_order() {
    let mut host = host();
    let (client, server) = host.connection();
    let readers: Vec<_> = (0..5).map(|_| host.read(server, 1)).collect();
    host.turn();
    let writing = host.write(client, b"abcde");
    host.wait(writing);
    for (reader, letter) in readers.into_iter().zip(b"abcde") {
        let completion = host.wait(reader);
        assert_eq!(host.received(completion), [*letter]);
    }
}

#[test]
fn a_large_write_waits_for_its_peer_and_arrives_whole() {
    let mut host = host();
    let (client, mut peer) = host.stranger();
    let reading = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        let mut all = Vec::new();
        peer.read_to_end(&mut all).unwrap();
        all
    });
    let mut sent = Vec::new();
    for round in 0..200u8 {
        let piece = vec![round; PIECE];
        let writing = host.write(client, &piece);
        assert_eq!(host.wait(writing).result, PIECE as i32);
        sent.extend_from_slice(&piece);
    }
    host.domain.close(client).unwrap();
    assert!(reading.join().unwrap() == sent);
}

#[test]
fn operations_that_end_at_once_hide_no_event_for_longer_than_a_round_or_a_millisecond() {
    let mut host = host();
    let (busy, _peer) = host.connection();
    let (waiting, mut stranger) = host.stranger();
    for due in [false, true] {
        let reading = host.read(waiting, 1);
        host.turn();
        host.turn();
        stranger.write_all(b"x").unwrap();
        let mut turns = 0;
        let completion = loop {
            if due && turns == 3 {
                host.due();
            }
            let writing = host.write(busy, b"more");
            host.turn();
            assert!(host.completed(writing).is_some());
            turns += 1;
            if let Some(completion) = host.completed(reading) {
                break completion;
            }
        };
        assert_eq!(host.received(completion), b"x");
        assert!(turns <= if due { 4 } else { 66 }, "{turns} turns");
    }
}

#[test]
fn a_refused_connect_is_told() {
    let mut host = host();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = host.domain.socket(AddressFamily::INET, false).unwrap();
    let connecting = host.connect(client, &encoded_address(nobody));
    assert_eq!(host.wait(connecting).result, negated(Errno::CONNREFUSED));
}

#[test]
fn half_closed_a_connection_goes_on_the_other_way() {
    let mut host = host();
    let (client, mut peer) = host.stranger();
    peer.write_all(b"the end").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(host.read_all(client), b"the end");
    assert_eq!(host.read_all(client), b"", "the end stays");
    let writing = host.write(client, b"still open");
    assert_eq!(host.wait(writing).result, 10);
    host.domain.shutdown(client, rustix::net::Shutdown::Write).unwrap();
    let mut all = String::new();
    peer.read_to_string(&mut all).unwrap();
    assert_eq!(all, "still open");
    let writing = host.write(client, b"too late");
    assert_eq!(host.wait(writing).result, negated(Errno::PIPE));
}

#[test]
fn a_reset_is_told_to_who_waits_and_writing_fails_from_then_on() {
    let mut host = host();
    let (client, peer) = host.stranger();
    let reading = host.read(client, 10);
    host.turn();
    socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
    drop(peer);
    assert_eq!(host.wait(reading).result, negated(Errno::CONNRESET));
    let writing = host.write(client, b"x");
    assert_eq!(host.wait(writing).result, negated(Errno::PIPE));
}

#[test]
fn a_peer_that_goes_in_the_middle_of_a_write_ends_it() {
    let mut host = host();
    let (client, peer) = host.stranger();
    let piece = vec![0; PIECE];
    let mut writing = host.write(client, &piece);
    host.turn();
    while host.completed(writing).is_some() {
        writing = host.write(client, &piece);
        host.turn();
    }
    drop(peer);
    let result = host.wait(writing).result;
    assert!(
        [Errno::PIPE, Errno::CONNRESET].map(negated).contains(&result),
        "{result}"
    );
}

#[test]
fn closing_tells_everybody_who_waits_and_the_next_at_its_place_is_another() {
    let mut host = host();
    let (client, server) = host.connection();
    let waiting: Vec<_> = (0..3).map(|_| host.read(server, 1)).collect();
    host.turn();
    host.domain.close(server).unwrap();
    for token in waiting {
        assert_eq!(host.wait(token).result, CLOSED);
    }
    let next = host.domain.socket(AddressFamily::INET, false).unwrap();
    assert_eq!(next.index(), server.index());
    let late = host.read(server, 1);
    assert_eq!(host.wait(late).result, CLOSED);
    assert_eq!(host.read_all(client), b"");
}

#[test]
fn an_operation_that_is_withdrawn_takes_nothing() {
    let mut host = host();
    let (client, server) = host.connection();
    let reading = host.read(server, 10);
    host.turn();
    assert!(host.domain.withdraw(server, reading));
    assert!(!host.domain.withdraw(server, reading));
    let writing = host.write(client, b"kept");
    host.wait(writing);
    host.domain.close(client).unwrap();
    assert_eq!(host.read_all(server), b"kept");
}

#[test]
fn what_is_given_back_comes_first_and_wakes_who_waits() {
    let mut host = host();
    let (client, server) = host.connection();
    let reading = host.read(server, 10);
    host.turn();
    host.domain.give_bytes_back(server, b"back".as_slice().into());
    let completion = host.wait(reading);
    assert_eq!(host.received(completion), b"back");
    host.domain.give_bytes_back(server, b"first, ".as_slice().into());
    let writing = host.write(client, b"then");
    host.wait(writing);
    host.domain.close(client).unwrap();
    assert_eq!(host.read_all(server), b"first, then");
}

#[test]
fn a_connection_that_is_given_back_goes_to_the_next_accept() {
    let mut host = host();
    let (listener, address) = host.listener(AddressFamily::INET);
    let client = host.domain.socket(AddressFamily::INET, false).unwrap();
    let connecting = host.connect(client, &address);
    host.wait(connecting);
    let accepting = host.accept(listener);
    let first = host.wait(accepting);
    let connection = Key::of(first.result as u32, first.a as u32);
    host.domain
        .give_back_connection(listener, connection, (first.b >> 8, first.b & 255));
    host.let_go();
    let accepting = host.accept(listener);
    let completion = host.wait(accepting);
    let (server, peer) = host.accepted(completion);
    assert_eq!(peer, host.domain.name(client, false).unwrap());
    let writing = host.write(server, b"the same");
    host.wait(writing);
    host.domain.close(server).unwrap();
    assert_eq!(host.read_all(client), b"the same");
}

#[test]
fn connections_that_are_given_back_are_accepted_in_the_order_in_which_they_came() {
    let mut host = host();
    let (listener, address) = host.listener(AddressFamily::INET);
    let mut accepted = Vec::new();
    for _ in 0..3 {
        let client = host.domain.socket(AddressFamily::INET, false).unwrap();
        let connecting = host.connect(client, &address);
        host.wait(connecting);
        let accepting = host.accept(listener);
        let completion = host.wait(accepting);
        accepted.push((client, completion));
    }
    for back in [1, 2, 0] {
        let (_, completion) = accepted[back];
        let connection = Key::of(completion.result as u32, completion.a as u32);
        let peer = (completion.b >> 8, completion.b & 255);
        host.domain.give_back_connection(listener, connection, peer);
        host.let_go();
    }
    for (client, _) in accepted {
        let accepting = host.accept(listener);
        let completion = host.wait(accepting);
        let (_, peer) = host.accepted(completion);
        assert_eq!(peer, host.domain.name(client, false).unwrap());
    }
}

#[test]
fn many_clients_that_come_at_once_are_all_accepted() {
    let mut host = host();
    let (listener, address) = host.listener(AddressFamily::INET);
    let port = u16::from_le_bytes([address[1], address[2]]);
    let clients = std::thread::spawn(move || {
        (0..100)
            .map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap())
            .collect::<Vec<_>>()
    });
    let mut peers = std::collections::HashSet::new();
    for _ in 0..100 {
        let accepting = host.accept(listener);
        let completion = host.wait(accepting);
        peers.insert(host.accepted(completion).1);
    }
    assert_eq!((peers.len(), clients.join().unwrap().len()), (100, 100));
}

#[test]
fn datagrams_keep_their_bounds_and_their_senders() {
    let mut host = host();
    let mut bound = || {
        let key = host.domain.socket(AddressFamily::INET, true).unwrap();
        host.domain
            .bind(key, &encoded("127.0.0.1", 0), 0, true, Sharing::Nobody)
            .unwrap();
        (key, host.domain.name(key, false).unwrap())
    };
    let ((one, from), (other, to)) = (bound(), bound());
    // The largest that there is, but for systems whose buffers are smaller.
    let largest = if cfg!(target_os = "linux") { 65_507 } else { 9_000 };
    let receiving = host.submit(code::RECVFROM, other, &[PIECE as i32]);
    host.turn();
    for size in [0, 1, 700, largest] {
        let offset = host.lay(&[vec![9; size], to.clone()].concat());
        let sending = host.submit(code::SENDTO, one, &[offset, size as i32, to.len() as i32]);
        assert_eq!(host.wait(sending).result, size as i32);
    }
    let mut token = receiving;
    for size in [0, 1, 700, largest as i32] {
        let completion = host.wait(token);
        assert_eq!(completion.result, size);
        let all = host.take(completion.a, size + (completion.b & 255));
        assert_eq!(all[size as usize..], from);
        token = host.submit(code::RECVFROM, other, &[PIECE as i32]);
    }
}

#[test]
fn an_address_in_use_and_one_that_is_not_of_this_machine_are_told() {
    let mut host = host();
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let key = host.domain.socket(AddressFamily::INET, false).unwrap();
    let taken = encoded_address(stranger.local_addr().unwrap());
    let bound = host.domain.bind(key, &taken, 1, true, Sharing::Process);
    assert_eq!(bound, Err(Errno::ADDRINUSE));
    let bound = host
        .domain
        .bind(key, &encoded("192.0.2.1", 0), 1, true, Sharing::Process);
    assert_eq!(bound, Err(Errno::ADDRNOTAVAIL));
}

#[test]
fn domains_of_one_process_share_an_address_and_strangers_do_not() {
    let mut host = host();
    let (_first, address) = host.listener(AddressFamily::INET);
    let second = host.domain.socket(AddressFamily::INET, false).unwrap();
    host.domain.bind(second, &address, 1, true, Sharing::Process).unwrap();
    let third = host.domain.socket(AddressFamily::INET, false).unwrap();
    assert_eq!(
        host.domain.bind(third, &address, 1, true, Sharing::Nobody),
        Err(Errno::ADDRINUSE)
    );
}

#[test]
fn a_path_that_is_too_long_and_one_where_nobody_listens_are_told() {
    let mut host = host();
    let path = |text: &str| [&[1, 0, 0], text.as_bytes()].concat();
    for (text, errno) in [
        ("/".repeat(300), Errno::NAMETOOLONG),
        ("/no/such/socket".into(), Errno::NOENT),
    ] {
        let client = host.domain.socket(AddressFamily::UNIX, false).unwrap();
        let connecting = host.connect(client, &path(&text));
        assert_eq!(host.wait(connecting).result, negated(errno));
    }
}

#[test]
fn paths_of_every_length_are_told_as_they_are_the_longest_too() {
    let mut host = host();
    let directory = std::env::temp_dir().join(format!("miou-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let start = directory.to_str().unwrap().len() + 1;
    for length in start + 1.. {
        let path = format!("{}/{}", directory.display(), "x".repeat(length - start));
        let encoded = [&[1, 0, 0], path.as_bytes()].concat();
        let listener = host.domain.socket(AddressFamily::UNIX, false).unwrap();
        if let Err(errno) = host.domain.bind(listener, &encoded, 8, true, Sharing::Process) {
            assert_eq!(errno, Errno::NAMETOOLONG);
            assert!(length > 103, "{length}");
            break;
        }
        assert_eq!(host.domain.name(listener, false).unwrap(), encoded, "{length}");
        // A client whose own path is as long.
        let own = format!("{}/{}", directory.display(), "y".repeat(length - start));
        let client = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        rustix::net::bind(&client, &SocketAddrUnix::new(own.as_str()).unwrap()).unwrap();
        rustix::net::connect(&client, &SocketAddrUnix::new(path.as_str()).unwrap()).unwrap();
        let accepting = host.accept(listener);
        let completion = host.wait(accepting);
        let (connection, peer) = host.accepted(completion);
        assert_eq!(peer, [&[1, 0, 0], own.as_bytes()].concat(), "{length}");
        assert_eq!(host.domain.name(connection, true).unwrap(), peer, "{length}");
        for key in [listener, connection] {
            host.domain.close(key).unwrap();
        }
    }
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn a_duplicate_is_of_the_same_file_and_has_a_life_of_its_own() {
    let mut host = host();
    let (client, server) = host.connection();
    let second = host.domain.duplicate(server).unwrap();
    host.domain.close(server).unwrap();
    let writing = host.write(second, b"open");
    assert_eq!(host.wait(writing).result, 4);
    host.domain.close(second).unwrap();
    assert_eq!(host.read_all(client), b"open");
}

#[test]
fn a_connection_moves_to_another_domain_with_all_that_is_its_own() {
    let world = world();
    let (mut here, mut there) = (Host::new(&world), Host::new(&world));
    let (client, server) = here.connection();
    let writing = here.write(client, b"in the system");
    here.wait(writing);
    here.domain
        .give_bytes_back(server, b"seen by nobody, ".as_slice().into());
    here.domain.pack(server).unwrap();
    let place = there.domain.place();
    let offset = here.lay(b"take it");
    // A message has no token of its own: the words behind the code are the place, the offset and the length.
    here.submit(code::SEND, Key::of(place, offset as u32), &[7]);
    here.turn();
    assert_eq!(here.domain.descriptors(), 1, "it has left");
    let message = there.message();
    assert_eq!(there.domain.descriptors(), 1);
    // Behind the message, from the next multiple of 4 on: place, generation, kind.
    let at = 8;
    let handle = there.take(message.a, at + 12);
    let word = |at: usize| u32::from_le_bytes(handle[at..at + 4].try_into().unwrap());
    let moved = Key::of(word(at as usize), word(at as usize + 4));
    here.domain.close(client).unwrap();
    assert_eq!(there.read_all(moved), b"seen by nobody, in the system");
}

#[test]
fn one_that_somebody_waits_on_does_not_move() {
    let mut host = host();
    let (_client, server) = host.connection();
    host.read(server, 1);
    host.turn();
    assert_eq!(host.domain.pack(server), Err(Errno::BUSY));
}

#[test]
fn a_pipe_is_read_and_written_as_a_stream_is() {
    let mut host = host();
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    let (input, _) = host.domain.adopt(reader, true).unwrap();
    let (output, _) = host.domain.adopt(writer, true).unwrap();
    let reading = host.read(input, 10);
    host.turn();
    let writing = host.write(output, b"pipe");
    assert_eq!(host.wait(writing).result, 4);
    let completion = host.wait(reading);
    assert_eq!(host.received(completion), b"pipe");
    host.domain.close(output).unwrap();
    assert_eq!(host.read_all(input), b"");
}

#[test]
fn nothing_at_all_is_read_and_written_at_once() {
    let mut host = host();
    let (client, server) = host.connection();
    let reading = host.read(server, 0);
    let completion = host.wait(reading);
    assert_eq!(host.received(completion), b"");
    let writing = host.write(client, b"");
    assert_eq!(host.wait(writing).result, 0);
}

#[test]
fn of_many_that_are_ready_a_turn_reads_no_more_than_the_next_round_can_see_but_more_once_a_millisecond() {
    let mut host = host();
    // What is written to one end of such a pair is at the other one at once.
    let mut pairs: Vec<_> = (0..150)
        .map(|_| {
            let (here, there) = UnixStream::pair().unwrap();
            (host.domain.adopt(here.into(), true).unwrap().0, there)
        })
        .collect();
    let mut reading: Vec<_> = pairs.iter().map(|(here, _)| host.read_later(*here)).collect();
    for (_, there) in &mut pairs {
        there.write_all(b"x").unwrap();
    }
    let mut read = |host: &mut Host| {
        host.turn();
        let mut unseen = Vec::new();
        reading.retain(|token| {
            host.completed(*token)
                .map(|completion| unseen.push(completion))
                .is_none()
        });
        unseen
    };
    let see = |host: &mut Host, unseen: Vec<Completion>| {
        for completion in unseen {
            assert_eq!(host.received(completion), b"x");
        }
    };
    let mut first = read(&mut host);
    assert_eq!(first.len(), 64, "as many as a round has slices");
    assert_eq!(read(&mut host).len(), 0, "nobody has seen those yet");
    let rest = first.split_off(10);
    see(&mut host, first);
    let second = read(&mut host);
    assert_eq!(second.len(), 10);
    host.due();
    let third = read(&mut host);
    assert_eq!(third.len(), 64);
    for unseen in [rest, second, third] {
        see(&mut host, unseen);
    }
    assert_eq!(read(&mut host).len(), 12, "all are read");
}
