#!/bin/sh
# Packs a finished trace chunk into one compressed file and puts it into a directory, such as one that is mounted from
# another machine. Run by a trigger, which says in SPOOR_ARCHIVE_PATH which chunk it is:
#   spoor add-trigger --condition=session-rotation-finishes --session=s --action=exec '/path/to/keep-chunk.sh /mnt/traces'
set -eu
to=$1
chunk=$(basename "$SPOOR_ARCHIVE_PATH")
mkdir -p "$to"
# Under another name until it is whole, so that nobody takes half a file.
tar -C "$(dirname "$SPOOR_ARCHIVE_PATH")" -czf "$to/.$chunk.part" "$chunk"
mv "$to/.$chunk.part" "$to/$chunk.tar.gz"
