/** What is told and ordered while everything runs: topics that every process reads whole, and goes on reading. */
@NullMarked
package dev.signalbox.config.live;

import org.jspecify.annotations.NullMarked;
