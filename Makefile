# A thin front on the presets.
.PHONY: all demo test lint bench wheel clean
all:
	tools/install-deps && cmake --preset release -DUPSHOT_TESTS=OFF && cmake --build --preset release
demo:
	tools/demo
test:
	tools/test
lint:
	tools/lint
bench:
	bench/run
wheel:
	tools/wheel
clean:
	rm -rf build
