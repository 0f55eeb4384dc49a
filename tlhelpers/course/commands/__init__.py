"""The commands of ``tlhelpers``, a file a command: ``add`` says what it takes, ``run`` does it."""
