/** Stores of bodies that are too large for a record, as the configuration names them. */
@NullMarked
package dev.signalbox.workers.claim;

import org.jspecify.annotations.NullMarked;
