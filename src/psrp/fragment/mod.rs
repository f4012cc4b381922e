//! Fragments ([MS-PSRP] 2.2.4): messages cut into pieces, and put together again.

mod defragmenter;
mod error;
mod fragmenter;

pub use defragmenter::{Defragmenter, FragmentLimits};
pub use error::FragmentError;
pub use fragmenter::Fragmenter;

/// The bytes of a fragment's header.
pub const HEADER: usize = 21;

const START: u8 = 1;
const END: u8 = 2;

#[cfg(test)]
mod tests {
    use bytes::{Bytes, BytesMut};
    use proptest::prelude::*;

    use super::*;

    const LIMITS: FragmentLimits = FragmentLimits {
        object: 1 << 20,
        total: None,
    };

    fn fragments(object: u64, message: &[u8], size: usize) -> BytesMut {
        let mut out = BytesMut::new();
        assert!(
            Fragmenter::new(object, Bytes::copy_from_slice(message)).write(
                &mut out,
                size,
                usize::MAX
            )
        );
        out
    }

    fn read(bytes: &[u8]) -> Result<Vec<Bytes>, FragmentError> {
        let mut defragmenter = Defragmenter::new(LIMITS);
        defragmenter.push(bytes)?;
        let mut messages = Vec::new();
        while let Some(message) = defragmenter.next_message()? {
            messages.push(message);
        }
        Ok(messages)
    }

    #[test]
    fn writes_the_header_big_endian() {
        let bytes = fragments(7, &[9; 300], 32768);
        assert_eq!(
            bytes[..HEADER],
            [
                0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 1, 0x2c
            ]
        );
    }

    #[test]
    fn keeps_to_the_room_it_is_given() {
        let mut fragmenter = Fragmenter::new(1, Bytes::from(vec![1; 100]));
        let mut out = BytesMut::new();
        assert!(!fragmenter.write(&mut out, HEADER + 30, 2 * (HEADER + 30)));
        assert_eq!((out.len(), fragmenter.remaining()), (2 * (HEADER + 30), 40));
    }

    #[test]
    fn fills_its_room_with_a_smaller_fragment() {
        let mut fragmenter = Fragmenter::new(1, Bytes::from(vec![1; 100_000]));
        let mut out = BytesMut::new();
        assert!(!fragmenter.write(&mut out, 32_768, 50_000));
        assert_eq!(out.len(), 50_000);
        let mut rest = BytesMut::new();
        assert!(fragmenter.write(&mut rest, 32_768, 60_000));
        assert_eq!(
            read(&[&out[..], &rest[..]].concat()).unwrap(),
            [vec![1; 100_000]]
        );
    }

    #[test]
    fn names_each_breach() {
        let whole = fragments(5, &[1; 100], HEADER + 40);
        let second = &whole[HEADER + 40..];
        assert_eq!(
            read(second),
            Err(FragmentError::NoStart {
                object: 5,
                fragment: 1
            })
        );
        let first = &whole[..HEADER + 40];
        assert_eq!(
            read(&[first, first].concat()),
            Err(FragmentError::StartInside { open: 5, new: 5 })
        );
        let third = &whole[2 * (HEADER + 40)..];
        assert_eq!(
            read(&[first, third].concat()),
            Err(FragmentError::OutOfOrder {
                open: 5,
                previous: 0,
                object: 5,
                fragment: 2
            })
        );
        let mut empty = whole[..HEADER].to_vec();
        empty[HEADER - 4..].fill(0);
        assert!(matches!(read(&empty), Err(FragmentError::Empty { .. })));
        let mut lying = whole[..HEADER].to_vec();
        lying[HEADER - 4..].fill(0xff);
        assert!(matches!(
            read(&lying),
            Err(FragmentError::ObjectSize { .. })
        ));
    }

    #[test]
    fn bounds_the_sum_of_an_objects_fragments() {
        let mut defragmenter = Defragmenter::new(FragmentLimits {
            object: 300,
            total: None,
        });
        defragmenter
            .push(&fragments(1, &[0; 400], HEADER + 100))
            .unwrap();
        assert_eq!(
            defragmenter.next_message(),
            Err(FragmentError::ObjectSize {
                object: 1,
                limit: 300
            })
        );
    }

    #[test]
    fn resynchronises_on_the_next_start() {
        let cut = fragments(5, &[1; 100], HEADER + 40);
        let mut defragmenter = Defragmenter::new(LIMITS);
        defragmenter.resynchronise();
        defragmenter.push(&cut[HEADER + 40..]).unwrap();
        defragmenter.push(&fragments(6, b"next", 100)).unwrap();
        assert_eq!(
            defragmenter.next_message().unwrap().as_deref(),
            Some(b"next".as_slice())
        );
        defragmenter.push(&cut[HEADER + 40..]).unwrap();
        assert!(defragmenter.next_message().is_err());
    }

    proptest! {
        #[test]
        fn any_messages_at_any_cuts_come_back(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..8),
            size in 22usize..120,
            cuts in prop::collection::vec(1usize..80, 1..40),
        ) {
            let mut wire = BytesMut::new();
            for (object, message) in (1..).zip(&messages) {
                wire.extend_from_slice(&fragments(object, message, size));
            }
            let mut defragmenter = Defragmenter::new(LIMITS);
            let mut read = Vec::new();
            let mut rest = &wire[..];
            for cut in cuts.iter().cycle() {
                let (piece, tail) = rest.split_at(rest.len().min(*cut));
                defragmenter.push(piece).unwrap();
                while let Some(message) = defragmenter.next_message().unwrap() {
                    read.push(message.to_vec());
                }
                rest = tail;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(read, messages);
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes);
        }
    }
}
