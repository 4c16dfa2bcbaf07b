/** Whether each deployment is to be used: a state machine over what all workers report. */
@NullMarked
package dev.signalbox.dispatcher.health;

import org.jspecify.annotations.NullMarked;
