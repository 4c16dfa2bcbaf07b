/** Vendors that behave and misbehave like the real ones, over real HTTP, with meters of their own. */
@NullMarked
package dev.signalbox.simulator;

import org.jspecify.annotations.NullMarked;
