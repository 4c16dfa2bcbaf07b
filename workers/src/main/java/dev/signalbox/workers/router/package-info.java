/** Decides which deployment is called next for a request, and why. */
@NullMarked
package dev.signalbox.workers.router;

import org.jspecify.annotations.NullMarked;
