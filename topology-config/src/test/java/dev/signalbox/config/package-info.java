@NullMarked
package dev.signalbox.config;

import org.jspecify.annotations.NullMarked;
