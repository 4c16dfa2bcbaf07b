/** How fast a simulated model answers, how long its answers are, and what it allows. */
@NullMarked
package dev.signalbox.simulator.profile;

import org.jspecify.annotations.NullMarked;
