/**
 * Whole fleets of real processes: three brokers, three workers, killed, frozen and restarted under load. What the callers
 * read is joined with the vendors' own log; the guarantees' watchers follow all of it.
 */
@NullMarked
package dev.signalbox.system.processes;

import org.jspecify.annotations.NullMarked;
