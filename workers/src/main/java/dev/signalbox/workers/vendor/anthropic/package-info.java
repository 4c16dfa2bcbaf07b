/** Anthropic Messages: its codec and its failures. */
@NullMarked
package dev.signalbox.workers.vendor.anthropic;

import org.jspecify.annotations.NullMarked;
