/** What a simulated vendor counts and remembers: sliding windows, limits, the log of calls. */
@NullMarked
package dev.signalbox.simulator.meter;

import org.jspecify.annotations.NullMarked;
