/** How long each deployment takes: mergeable histograms over 1 and 5 minutes. */
@NullMarked
package dev.signalbox.dispatcher.latency;

import org.jspecify.annotations.NullMarked;
