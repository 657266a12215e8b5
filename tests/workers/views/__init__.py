"""What tests of the two views share: the back ends, pictures whose views are known, and layouts written down
a second time."""
