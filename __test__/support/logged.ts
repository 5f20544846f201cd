/** What is written to standard error on this thread while `body` runs. */
export async function logged(body: () => unknown): Promise<string> {
  const { write } = process.stderr
  let text = ''
  process.stderr.write = ((chunk: string | Uint8Array) => {
    text += String(chunk)
    return true
  }) as typeof write
  try {
    await body()
  } finally {
    process.stderr.write = write
  }
  return text
}
