/** Takes requests from Kafka, one consumer per lane, and tracks what is done with them in an offset ledger. */
@NullMarked
package dev.signalbox.workers.intake;

import org.jspecify.annotations.NullMarked;
