// Package static answers requests from the files of a folder.
//
//	root, err := os.OpenRoot("public")
//	files, err := static.New(root, static.Options{List: true})
//	srv := engine.New(files, engine.Options{Addr: ":8080"})
//
// # What it does
//
//	GET, HEAD   a file: 200, 206 with a single range, 304, 412 or 416
//	            a folder: its index file, else a page that lists it, else 404;
//	            301 if the path lacks the slash at its end
//	OPTIONS     204 with Allow
//	others      405 with Allow
//
// Names are looked up through an os.Root, so that neither dot segments nor
// symbolic links lead out of the folder: what would is 404, as is everything
// that is neither a regular file nor a folder. What the file system refuses is
// 403. A path that can't be decoded, or holds NUL, is 400.
//
// Small files are read and leave with the head in one write. Larger ones leave
// by sendfile(2), also after the handler has returned. Opening and reading is
// quick as long as the kernel has the file in memory. Where it often has to wait
// for a disk or a network, wrap the handler in engine.Pooled. Folders are always
// read away from the event loop.
//
// A GET of a small file whose type its name tells, with a path of at most 255
// bytes, allocates nothing (Linux).
//
// # Where to find what
//
//	options.go      Options, New
//	handler.go      methods, and the way of a request
//	target.go       from the request target to the name of a file
//	open.go         opening it, and what stands in the way; open_linux.go
//	                 does it in one system call
//	content.go      sending it, whole or in part
//	conditions.go   the preconditions of RFC 9110 §13
//	entitytag.go    entity tags: §8.8.3
//	date.go         HTTP dates: §5.6.7
//	ranges.go       range requests: §14
//	contenttype.go  media types
//	directory.go    reading a folder
//	page.go         the page that lists it
//	refuse.go       refusals and redirects
package static
