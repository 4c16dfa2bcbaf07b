/** What this worker may use of each deployment: its lease, or without one its safe share. Pure models. */
@NullMarked
package dev.signalbox.workers.capacity;

import org.jspecify.annotations.NullMarked;
