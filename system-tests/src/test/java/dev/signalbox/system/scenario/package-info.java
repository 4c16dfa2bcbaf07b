/**
 * The scenarios of the public failover bench, through Kafka end to end: each is a fault at the vendor, the right behaviour,
 * and a judge who joins what the caller read with what the vendor counted.
 */
@NullMarked
package dev.signalbox.system.scenario;

import org.jspecify.annotations.NullMarked;
