/** What an operator writes: the typed model of the configuration, its YAML reader and its checks, and the topic catalogue. */
@NullMarked
package dev.signalbox.config;

import org.jspecify.annotations.NullMarked;
