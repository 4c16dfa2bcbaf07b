/** Publishes chunks and terminal replies in the order that readers rely on. */
@NullMarked
package dev.signalbox.workers.reply;

import org.jspecify.annotations.NullMarked;
