"""The chains that carry the tokens, one adapter each; they are strangers to each other, and only `bootstrap` names them."""
