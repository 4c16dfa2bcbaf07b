/** Each vendor family's request language: reading its requests and writing its answers, errors and streams. Pure. */
@NullMarked
package dev.signalbox.simulator.language;

import org.jspecify.annotations.NullMarked;
