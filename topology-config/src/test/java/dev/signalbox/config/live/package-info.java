@NullMarked
package dev.signalbox.config.live;

import org.jspecify.annotations.NullMarked;
