/** Whether one failure could stop a route or one pool starve another, by configuration alone: pure rules. */
@NullMarked
package dev.signalbox.config.redundancy;

import org.jspecify.annotations.NullMarked;
