//! The simulated network: turmoil delivers, delays, drops and cuts as the simulation says. Usable only inside a turmoil
//! host; every host has an address of its own, so a listener takes all of its addresses.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use async_trait::async_trait;
use turmoil::net::{TcpListener, TcpStream};

use crate::network::{Acceptor, Io, Network};

#[derive(Clone, Copy, Debug, Default)]
pub struct Simulated;

#[async_trait]
impl Network for Simulated {
    async fn bind(&self, addr: SocketAddr) -> io::Result<Box<dyn Acceptor>> {
        Ok(Box::new(TcpListener::bind((Ipv4Addr::UNSPECIFIED, addr.port())).await?))
    }

    async fn connect(&self, host: &str, port: u16) -> io::Result<Box<dyn Io>> {
        Ok(Box::new(TcpStream::connect((host, port)).await?))
    }

    fn is_simulated(&self) -> bool {
        true
    }
}

#[async_trait]
impl Acceptor for TcpListener {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        TcpListener::local_addr(self)
    }

    async fn accept(&self) -> io::Result<(Box<dyn Io>, SocketAddr)> {
        let (stream, peer) = TcpListener::accept(self).await?;
        Ok((Box::new(stream), peer))
    }
}
