/** Leases on a virtual clock: workers that hold them, dispatchers that grant them, and all that goes wrong between. */
@NullMarked
package dev.signalbox.system.capacity;

import org.jspecify.annotations.NullMarked;
