/** Calls a vendor: one HTTP shell, pure codecs per vendor family, failures as values. */
@NullMarked
package dev.signalbox.workers.vendor;

import org.jspecify.annotations.NullMarked;
