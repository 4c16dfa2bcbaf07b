/** Requests and answers taken from one vendor family's language into another's, or the reasons why not. Pure. */
@NullMarked
package dev.signalbox.workers.vendor.translation;

import org.jspecify.annotations.NullMarked;
