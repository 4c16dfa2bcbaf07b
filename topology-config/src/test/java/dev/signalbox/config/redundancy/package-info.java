@NullMarked
package dev.signalbox.config.redundancy;

import org.jspecify.annotations.NullMarked;
