"""Tests of the pages in a real browser. A package, so that the browser is closed before tests elsewhere start their loops."""
