/** What this worker may use of each deployment: its lease, or without one its safe share; and how many calls at once of a tenant it may run. Pure models. */
@NullMarked
package dev.signalbox.workers.capacity;

import org.jspecify.annotations.NullMarked;
