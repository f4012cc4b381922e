//! Channel bindings: an exchange that holds for one TLS connection only.

use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use super::der::{Elements, OBJECT_ID, SEQUENCE, context};

/// What binds an exchange to its TLS connection (RFC 5929, `tls-server-end-point`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelBinding(Vec<u8>);

impl ChannelBinding {
    /// The binding to connections whose server showed this certificate: its hash by the hash of its own signature,
    /// but SHA-256 where that is MD5, SHA-1 or none.
    pub fn of_certificate(der: &[u8]) -> Self {
        let hash = match signature_hash(der) {
            Some(Hash::Sha224) => Sha224::digest(der).to_vec(),
            Some(Hash::Sha384) => Sha384::digest(der).to_vec(),
            Some(Hash::Sha512) => Sha512::digest(der).to_vec(),
            None => Sha256::digest(der).to_vec(),
        };
        Self([b"tls-server-end-point:", hash.as_slice()].concat())
    }

    /// `SEC_CHANNEL_BINDINGS`: eight words, of which the last two are the length and the place of what follows.
    pub(super) fn to_buffer(&self) -> Vec<u8> {
        let length = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        let mut buffer = vec![0; 24];
        buffer.extend_from_slice(&length.to_le_bytes());
        buffer.extend_from_slice(&32_u32.to_le_bytes());
        buffer.extend_from_slice(&self.0);
        buffer
    }
}

/// The hashes that rule the binding, SHA-256 aside.
#[derive(Clone, Copy)]
enum Hash {
    Sha224,
    Sha384,
    Sha512,
}

/// The hash of a certificate's signature, if it is one of them.
fn signature_hash(der: &[u8]) -> Option<Hash> {
    const PSS: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A];
    let mut certificate = Elements(Elements::first(der, SEQUENCE)?);
    certificate.take_if(SEQUENCE)?;
    let mut algorithm = Elements(certificate.take_if(SEQUENCE)?);
    let id = algorithm.take_if(OBJECT_ID)?;
    if id != PSS {
        return hash(id);
    }
    let parameters = algorithm.take_if(SEQUENCE)?;
    let named = Elements::first(parameters, context(0))?;
    hash(Elements::first(
        Elements::first(named, SEQUENCE)?,
        OBJECT_ID,
    )?)
}

/// The hash that an algorithm's identifier names, alone or together with RSA or ECDSA.
fn hash(id: &[u8]) -> Option<Hash> {
    let (family, number) = id.split_at_checked(id.len().checked_sub(1)?)?;
    let number = *number.first()?;
    let names = match family {
        // 1.2.840.113549.1.1: RSA with a hash.
        [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01] => [12, 13, 14],
        // 1.2.840.10045.4.3: ECDSA with a hash.
        [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03] => [3, 4, 1],
        // 2.16.840.1.101.3.4.2: a hash alone.
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02] => [2, 3, 4],
        _ => return None,
    };
    let hashes = [Hash::Sha384, Hash::Sha512, Hash::Sha224];
    let mut found = names.iter().zip(hashes);
    found.find_map(|(name, hash)| (*name == number).then_some(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As much of a certificate as counts here: what is signed, and by which algorithm.
    fn certificate(algorithm: &[u8]) -> Vec<u8> {
        let wrap = |tag: u8, content: &[u8]| {
            let length = u8::try_from(content.len()).unwrap();
            [&[tag, length], content].concat()
        };
        wrap(
            SEQUENCE,
            &[wrap(SEQUENCE, b"who"), wrap(SEQUENCE, algorithm)].concat(),
        )
    }

    /// Certificates of these kinds can hardly be made today (`tests/auth.rs` has the others), but are in use.
    #[test]
    fn hashes_that_are_broken_or_missing_give_way_to_sha_256() {
        let rsa = [OBJECT_ID, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1];
        let ecdsa_sha1 = [OBJECT_ID, 7, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 1];
        for algorithm in [
            // RSA with MD5 and with SHA-1; PSS without parameters, which is with SHA-1.
            &[&rsa[..], &[4]].concat()[..],
            &[&rsa[..], &[5]].concat(),
            &[&rsa[..], &[10]].concat(),
            &ecdsa_sha1,
            &[],
        ] {
            let der = certificate(algorithm);
            let hash = Sha256::digest(&der);
            assert_eq!(
                ChannelBinding::of_certificate(&der).0,
                [b"tls-server-end-point:", hash.as_slice()].concat(),
                "{algorithm:?}"
            );
        }
    }
}
