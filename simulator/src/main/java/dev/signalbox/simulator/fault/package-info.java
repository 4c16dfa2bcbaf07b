/** What a simulated vendor does wrong, when, and to whom. */
@NullMarked
package dev.signalbox.simulator.fault;

import org.jspecify.annotations.NullMarked;
