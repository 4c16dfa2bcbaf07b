/** What a simulation needs of the workers' package-private classes. */
@NullMarked
package dev.signalbox.workers;

import org.jspecify.annotations.NullMarked;
