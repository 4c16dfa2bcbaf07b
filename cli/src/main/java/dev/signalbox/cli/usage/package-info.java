/** The {@code usage} command: what vendor calls used and cost, summed up or exported for analysts. */
@NullMarked
package dev.signalbox.cli.usage;

import org.jspecify.annotations.NullMarked;
