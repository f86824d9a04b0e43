/// What an acknowledged vote survives, as the database is set up.
///
/// Ordered: what survives more is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Durability {
    /// Nothing: it is gone with the process or connection, or a crash may damage the whole database.
    Nothing,
    /// The end of the process, however sudden. A loss of power may take the last votes with it.
    ProcessCrash,
    /// A loss of power too, as far as the disk keeps what it says that it has written.
    PowerLoss,
}
