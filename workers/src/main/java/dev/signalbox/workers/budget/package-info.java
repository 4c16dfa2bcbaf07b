/** What use cases, tenants and departments may still spend, as one worker knows it. */
@NullMarked
package dev.signalbox.workers.budget;

import org.jspecify.annotations.NullMarked;
