"""How the Solana program is built here: Debian's Rust compiler (`compiler`), flags (`build`) and a linker (`link`)."""
