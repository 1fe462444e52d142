"""The modules: `module` says what all have in common, `container` how they are put together."""
