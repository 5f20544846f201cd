//! Echo as tokio's own examples write it: a task a connection, a buffer of its own, read and write in a loop.
//!
//! `tokio-echo 7000` runs on one thread (`current_thread`), `tokio-echo --threads 2 7000` on two.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

/// Bytes of a connection's buffer.
const BUFFER: usize = 16 * 1024;

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let port = args.last().map_or("0", String::as_str);
    let runtime = match args.iter().position(|arg| arg == "--threads") {
        Some(at) => Builder::new_multi_thread()
            .worker_threads(args[at + 1].parse().map_err(io::Error::other)?)
            .enable_io()
            .build()?,
        None => Builder::new_current_thread().enable_io().build()?,
    };
    // A task of its own: the main future of a multi-thread runtime runs on no worker.
    runtime.block_on(async {
        let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
        println!("listening {}", listener.local_addr()?.port());
        tokio::spawn(serve(listener)).await?
    })
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            // A client that resets ends its own task alone.
            let _ = echo(stream).await;
        });
    }
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..length]).await?;
    }
}
