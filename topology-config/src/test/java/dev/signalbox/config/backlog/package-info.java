@NullMarked
package dev.signalbox.config.backlog;

import org.jspecify.annotations.NullMarked;
