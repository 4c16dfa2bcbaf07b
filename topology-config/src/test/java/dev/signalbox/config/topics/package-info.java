@NullMarked
package dev.signalbox.config.topics;

import org.jspecify.annotations.NullMarked;
