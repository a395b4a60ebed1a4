//! Connections through every make of network: who is let in, what a call learns of a failure, and that rotation and
//! revocation reach connections.

#[cfg(test)]
mod calls;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod handshakes;
#[cfg(test)]
mod simulation;
