/** What each vendor call used and cost: starts and ends paired, priced by the worker, summed up by hour and by day. */
@NullMarked
package dev.signalbox.dispatcher.usage;

import org.jspecify.annotations.NullMarked;
