"""How a person proves who they are: passkeys for operators, a wallet's signature for investors."""
