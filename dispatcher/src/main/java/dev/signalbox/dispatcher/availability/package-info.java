/** How many of each use case's requests were answered in time, against its objective. */
@NullMarked
package dev.signalbox.dispatcher.availability;

import org.jspecify.annotations.NullMarked;
