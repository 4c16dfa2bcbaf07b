/** Decides which waiting request is served next: a pure model. */
@NullMarked
package dev.signalbox.workers.scheduler;

import org.jspecify.annotations.NullMarked;
