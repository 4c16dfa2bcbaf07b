/** Who may use how much of each deployment: demand in, leases out. Pure models, and the processor around them. */
@NullMarked
package dev.signalbox.dispatcher.capacity;

import org.jspecify.annotations.NullMarked;
