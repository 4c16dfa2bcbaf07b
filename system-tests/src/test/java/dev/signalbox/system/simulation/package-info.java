/**
 * Whole workers in a simulated world, one seed a run: the classes that ship, on virtual threads that one thread runs one at
 * a time, over a simulated Kafka, simulated vendors and a virtual clock. {@code docs/simulation.md} tells how it works.
 */
@NullMarked
package dev.signalbox.system.simulation;

import org.jspecify.annotations.NullMarked;
