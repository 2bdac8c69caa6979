// SPDX-License-Identifier: GPL-2.0-or-later
//
// alarms: for two minutes there is always an alarm soon that would wake the machine. The kernel does not suspend
// where one comes within two seconds (`alarmtimer_suspend`, kernel/time/alarmtimer.c, Linux 6.12).

#include <stdio.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
    for (int second = 1; second <= 120; second++) {
        struct itimerspec time = {.it_value.tv_sec = second};
        int timer = timerfd_create(CLOCK_BOOTTIME_ALARM, 0);

        if (timer == -1 || timerfd_settime(timer, 0, &time, NULL) == -1) {
            perror("alarms");
            return 1;
        }
    }
    for (;;)
        pause();
}
