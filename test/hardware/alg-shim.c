/*
 * Preloaded into Debian's btvirt, which the tests use as a second judge of the Bluetooth drivers.
 *
 * It asks the kernel for its cipher sockets (AF_ALG) when it starts, and ends where there are none,
 * although it ciphers only when devices pair: here they get an idle socket instead. And it serves at
 * fixed names in /tmp: here in $BTVIRT_DIRECTORY, so that two test runs don't meet. And it ends with
 * the test that started it, however that ends.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef AF_ALG
#define AF_ALG 38
#endif

static const char served[] = "/tmp/bt-server-";

__attribute__((constructor)) static void end_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

/* Where `path` goes instead; `path` itself where it is none of btvirt's names. */
static const char *moved(const char *path, char *room, size_t size)
{
	const char *directory = getenv("BTVIRT_DIRECTORY");

	if (directory == NULL || strncmp(path, served, sizeof(served) - 1) != 0)
		return path;
	snprintf(room, size, "%s/%s", directory, path + strlen("/tmp/"));
	return room;
}

int socket(int domain, int type, int protocol)
{
	int (*real)(int, int, int) = dlsym(RTLD_NEXT, "socket");
	int fd = real(domain, type, protocol);

	if (fd < 0 && domain == AF_ALG)
		return real(AF_UNIX, type, 0);
	return fd;
}

int bind(int fd, const struct sockaddr *address, socklen_t length)
{
	int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "bind");
	const struct sockaddr_un *from = (const struct sockaddr_un *)address;
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int result;

	if (address->sa_family == AF_UNIX) {
		char room[sizeof(to.sun_path)];

		strncpy(to.sun_path, moved(from->sun_path, room, sizeof(room)),
			sizeof(to.sun_path) - 1);
		return real(fd, (struct sockaddr *)&to, sizeof(to));
	}
	result = real(fd, address, length);
	return result < 0 && address->sa_family == AF_ALG ? 0 : result;
}

int unlink(const char *path)
{
	int (*real)(const char *) = dlsym(RTLD_NEXT, "unlink");
	char room[sizeof(((struct sockaddr_un *)0)->sun_path)];

	return real(moved(path, room, sizeof(room)));
}
