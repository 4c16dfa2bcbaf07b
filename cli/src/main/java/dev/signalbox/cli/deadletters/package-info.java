/** Dead letters: reading them, and making new requests of them. */
@NullMarked
package dev.signalbox.cli.deadletters;

import org.jspecify.annotations.NullMarked;
