/** What a simulation needs of the intake's package-private classes. */
@NullMarked
package dev.signalbox.workers.intake;

import org.jspecify.annotations.NullMarked;
